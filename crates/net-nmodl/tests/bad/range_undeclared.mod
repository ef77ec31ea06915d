NEURON {
    SUFFIX leak
    NONSPECIFIC_CURRENT i
    RANGE g, e, gmx
:               ^ warning: `gmx` is in RANGE but declared nowhere
}
PARAMETER {
    g = 0.001 (S/cm2)
    gmax = 1
    e = -70 (mV)
}
ASSIGNED {
    v (mV)
    i (mA/cm2)
}
BREAKPOINT {
    i = gmax*g*(v - e)
}
