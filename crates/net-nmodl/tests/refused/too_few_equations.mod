NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }
STATE { m n }

BREAKPOINT { SOLVE s  i = g*v*m*n }
:            ^ 1 equations for 2 unknown states
LINEAR s { ~ m = n }
