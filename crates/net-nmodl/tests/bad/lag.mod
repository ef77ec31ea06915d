NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }

BREAKPOINT { LAG v BY g  i = g*v }
:^ `LAG` is not supported
