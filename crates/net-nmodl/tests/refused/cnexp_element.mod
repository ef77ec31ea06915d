NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }
STATE { m[3] }

BREAKPOINT { SOLVE s METHOD cnexp  i = g*v*m[0] }
DERIVATIVE s {
    FROM k = 0 TO g { m[k]' = -m[k] }
:                     ^ cnexp for an element whose index is known only when the model runs is not supported
}
