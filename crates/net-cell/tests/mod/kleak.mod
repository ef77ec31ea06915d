TITLE A leak of potassium

NEURON {
    SUFFIX KLeak
    USEION k READ ek WRITE ik
    RANGE g
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER { g = 0.001 (S/cm2) }

ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
}

BREAKPOINT { ik = g*(v - ek) }
