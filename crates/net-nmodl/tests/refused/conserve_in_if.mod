NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }
STATE { m n }

BREAKPOINT { SOLVE s METHOD sparse  i = g*v*m }
KINETIC s {
    ~ m <-> n (1, 2)
    if (v > 0) { CONSERVE m + n = 1 }
:                ^ this statement inside of if or a loop is not supported
}
