NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }

BREAKPOINT { i = g*v }
AFTER BREAKPOINT { g = 2 }
:^ AFTER BREAKPOINT is not supported
