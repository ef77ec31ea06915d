NEURON {
    ARTIFICIAL_CELL leak
    NONSPECIFIC_CURRENT i
:                       ^ an ARTIFICIAL_CELL has no membrane and no currents
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
