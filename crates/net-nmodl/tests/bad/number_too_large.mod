NEURON {
    SUFFIX leak
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER {
    g = 0.001 (S/cm2)
    e = 1e999 (mV)
:       ^ `1e999` is too large for a number
}
ASSIGNED {
    v (mV)
    i (mA/cm2)
}
BREAKPOINT {
    i = g*(v + g)
}
