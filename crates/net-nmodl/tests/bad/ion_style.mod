NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }

INITIAL { ion_style("k_ion", 1, 2, 1, 1, 0) }
:         ^ there is no function `ion_style`
:                   ^ a text stands only in a call of printf
BREAKPOINT { i = g*v }
