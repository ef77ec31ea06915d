NEURON {
    POINT_PROCESS leak
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
    WATCH (v > 0) 1
:   ^ WATCH stands only in NET_RECEIVE
    i = g*(v - e)
}
