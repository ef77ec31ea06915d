NEURON {
    SUFFIX leak
    NONSPECIFIC_CURRENT i
    RANGE g
}
PARAMETER {
    g = 0.001 (S/cm2)
    e = (2*35)
:       ^ expected a number, found `(`
}
ASSIGNED {
    v (mV)
    i (mA/cm2)
}
BREAKPOINT {
    i = g*(v + g)
}
