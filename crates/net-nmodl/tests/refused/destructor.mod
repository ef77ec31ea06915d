NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }

BREAKPOINT { i = g*v }
DESTRUCTOR { g = 2 }
:^ DESTRUCTOR is not supported
