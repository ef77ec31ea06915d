NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }

BREAKPOINT {
    i = 0
    FROM k = 0 TO 4 BY g { i = i + v }
:                      ^ the step of FROM must be known when compiling
}
