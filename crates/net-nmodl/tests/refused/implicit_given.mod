NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }
STATE { m n }

FUNCTION_TABLE f(x)
BREAKPOINT { SOLVE s METHOD derivimplicit  i = g*v*m*n }
:            ^ a TABLE, FUNCTION_TABLE or random number that depends on the unknowns is not supported
DERIVATIVE s { m' = -f(m)  n' = -n }
