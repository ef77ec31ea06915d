TITLE Functions that are given as tables

NEURON {
    SUFFIX Given
    RANGE height
}

UNITS { (mV) = (millivolt) }

FUNCTION_TABLE rate(v (mV)) (/ms)
FUNCTION_TABLE surface(v (mV), m)

STATE { m }

ASSIGNED {
    v (mV)
    height
}

INITIAL { m = 1 }

BREAKPOINT {
    SOLVE decay METHOD cnexp
    height = surface(v, m)
}

DERIVATIVE decay { m' = -rate(v)*m }
