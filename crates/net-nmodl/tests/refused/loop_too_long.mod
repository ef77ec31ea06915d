NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }

BREAKPOINT {
    i = 0
    FROM k = 0 TO 1000000 { i = sin(i + k*v) }
:^ the mechanism is too large to be unrolled
}
