NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }

FUNCTION_TABLE f(a, b, c, d, e)
BREAKPOINT { i = g*v*f(1, 2, 3, 4, v) }
:                    ^ a FUNCTION_TABLE of more than 4 arguments is not supported
