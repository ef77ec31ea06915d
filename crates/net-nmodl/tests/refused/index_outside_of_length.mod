NEURON {
    SUFFIX refused
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER { g = 1 }
ASSIGNED { v (mV) i (mA/cm2) }

BREAKPOINT {
    LOCAL a[2]
    FROM k = 0 TO 2 { a[k] = v }
:                       ^ index 2 of an array with 2 elements
    i = g*a[0]
}
