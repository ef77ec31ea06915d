NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }
STATE { m n }

BREAKPOINT { SOLVE s  i = g*v*m*n }
:            ^ the equations cannot be solved: some unknown is not determined
LINEAR s {
    ~ m = 1
    ~ m = 2 + 0*n
}
