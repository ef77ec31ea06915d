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
}
BREAKPOINT {
    TABLE i FROM -100 TO 100 WITH 200
:   ^ TABLE stands only in FUNCTION or PROCEDURE
    i = g*(v - e)
}
