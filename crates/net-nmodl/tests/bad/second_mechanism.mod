NEURON {
    SUFFIX leak
    POINT_PROCESS leak2
:                 ^ a file describes one mechanism, this is the second name
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
}
BREAKPOINT {
    i = g*(v - e)
}
