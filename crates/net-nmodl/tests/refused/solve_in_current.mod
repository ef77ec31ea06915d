NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }
STATE { m n }

BREAKPOINT {
    if (v > 0) { SOLVE s METHOD cnexp }
:                ^ SOLVE here is not supported
    i = g*v*m*n
}
DERIVATIVE s { m' = -m  n' = -n }
