NEURON {
    SUFFIX leak
    NONSPECIFIC_CURRENT i
    RANGE g, e
}
PARAMETER {
    g = 0.001 (S/cm2)
    e = -70 (mV)
}
ASSIGNED {
    v (mV)
    i (mA/cm2)
    w[N]
:     ^ the length of an array has to be known here
}
BREAKPOINT {
    w[0] = 1
    i = g*(v - e)*w[0]
}
