TITLE Muscarinic potassium channel

COMMENT
Rates of Adams, Brown and Constanti, J. Physiol. 330 (1982) 537:

    alpha = 0.0033 exp(2.5 0.04 (v + 35))    beta = 0.0033 exp(-2.5 0.04 (v + 35))

per ms at 21 degrees, times 2.3^((34 - 21)/10); i = gbar m (v - ek).
As in Hay et al., PLoS Comput. Biol. 7 (2011) e1002107.
ENDCOMMENT

NEURON {
    SUFFIX Im
    USEION k READ ek WRITE ik
    RANGE gImbar, gIm, ik
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
}

PARAMETER {
    gImbar = 1e-5 (S/cm2) <0, 1e9>
}

ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
    gIm (S/cm2)
    mAlpha (/ms)
    mBeta (/ms)
}

STATE { m }

INITIAL {
    rates(v)
    m = mAlpha/(mAlpha + mBeta)
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    gIm = gImbar*m
    ik = gIm*(v - ek)
}

DERIVATIVE gates {
    rates(v)
    m' = mAlpha*(1 - m) - mBeta*m
}

PROCEDURE rates(v (mV)) {
    LOCAL qt
    qt = 2.3^((34 - 21)/10)
    mAlpha = qt*0.0033*exp(0.1*(v + 35))
    mBeta = qt*0.0033*exp(-0.1*(v + 35))
}
