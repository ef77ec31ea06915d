NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g BBCOREPOINTER p
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }

BREAKPOINT { i = g*v*p }
:                    ^ BBCOREPOINTER is not supported
