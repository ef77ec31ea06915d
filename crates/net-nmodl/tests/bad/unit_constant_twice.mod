NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }

UNITS { F = (faraday) (coulomb) }
CONSTANT { F = 96500 }
:          ^ `F` is declared twice
BREAKPOINT { i = g*v*F }
