NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }
STATE { m n }

FUNCTION_TABLE f(x)
BREAKPOINT { SOLVE s METHOD cnexp  i = g*v*m*n }
DERIVATIVE s {
    m' = -f(m)
:        ^ cnexp with a FUNCTION_TABLE or random number that depends on the state is not supported
    n' = -n
}
