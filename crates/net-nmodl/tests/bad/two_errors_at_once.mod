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
    i = gg*(v - e)
    i = i + * 2
:           ^ expected an expression, found `*`
}
PROCEDURE f(x {
:             ^ expected `,` or `)`, found `{`
    i = x
}
INITIAL {
    i = (1 + 2
:             ^ expected `)`, found the end of the line
}
