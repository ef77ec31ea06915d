NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }

FUNCTION f(x) {
    if (x > 0) { f = x*f(x - 1) } else { f = 1 }
:                      ^ `f` calls itself
}
BREAKPOINT { i = g*v*f(3) }
