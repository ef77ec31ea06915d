TITLE Calcium-activated potassium channel of small conductance

COMMENT
Koehler et al., Science 273 (1996) 1709:

    z_inf = 1/(1 + (0.00043 mM/cai)^4.8)    tau_z = zTau

i = gbar z (v - ek). Below 1e-7 mM the concentration is taken 1e-7 mM higher.
As in Hay et al., PLoS Comput. Biol. 7 (2011) e1002107.
ENDCOMMENT

NEURON {
    SUFFIX SK_E2
    USEION k READ ek WRITE ik
    USEION ca READ cai
    RANGE gSK_E2bar, gSK_E2, ik, zTau
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (mM) = (milli/liter)
    (S) = (siemens)
}

PARAMETER {
    gSK_E2bar = 1e-6 (S/cm2) <0, 1e9>
    zTau = 1 (ms) <1e-9, 1e9>
}

ASSIGNED {
    v (mV)
    ek (mV)
    cai (mM)
    ik (mA/cm2)
    gSK_E2 (S/cm2)
}

STATE { z }

INITIAL { z = zInf(cai) }

BREAKPOINT {
    SOLVE gates METHOD cnexp
    gSK_E2 = gSK_E2bar*z
    ik = gSK_E2*(v - ek)
}

DERIVATIVE gates { z' = (zInf(cai) - z)/zTau }

FUNCTION zInf(ca (mM)) {
    LOCAL c
    c = ca
    if (c < 1e-7) {
        c = c + 1e-7
    }
    zInf = 1/(1 + (0.00043/c)^4.8)
}
