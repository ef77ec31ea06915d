NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }

CONSTANT { q = 1 }
CONSTANT { q = 2 }
:          ^ `q` is declared twice
BREAKPOINT { i = g*v*q }
