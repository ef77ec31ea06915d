NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }

PARTIAL p { }
:^ `PARTIAL` blocks are of older simulators and not supported
BREAKPOINT { i = g*v }
