NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }
STATE { m n }

BREAKPOINT { SOLVE s METHOD heun  i = g*v*m*n }
:                           ^ METHOD `heun` cannot solve a DERIVATIVE block
DERIVATIVE s { m' = -m  n' = -n }
