TITLE Transient sodium channel of the soma

COMMENT
Colbert and Pan, Nat. Neurosci. 5 (2002) 533, the channel NaTa_t shifted by +6 mV:

    alpha_m = 0.182 (v + 32)/(1 - exp(-(v + 32)/6))    beta_m = 0.124 (v + 32)/(exp((v + 32)/6) - 1)
    alpha_h = 0.015 (v + 60)/(exp((v + 60)/6) - 1)     beta_h = 0.015 (v + 60)/(1 - exp(-(v + 60)/6))

per ms at 21 degrees, times 2.3^((34 - 21)/10); i = gbar m^3 h (v - ena).
As in Hay et al., PLoS Comput. Biol. 7 (2011) e1002107.
Where the mechanism TTXDynamicsSwitch has set a concentration of tetrodotoxin outside, the channel is closed:
m goes to 0 and h to 1 at once.
ENDCOMMENT

NEURON {
    SUFFIX NaTs2_t
    USEION na READ ena WRITE ina
    USEION ttx READ ttxo, ttxi VALENCE 1
    RANGE gNaTs2_tbar, gNaTs2_t, ina
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
    (mM) = (milli/liter)
}

PARAMETER {
    gNaTs2_tbar = 1e-5 (S/cm2) <0, 1e9>
}

ASSIGNED {
    v (mV)
    ena (mV)
    ina (mA/cm2)
    gNaTs2_t (S/cm2)
    ttxo (mM)
    ttxi (mM)
    mInf
    mTau (ms)
    hInf
    hTau (ms)
}

STATE { m h }

INITIAL {
    rates(v)
    m = mInf
    h = hInf
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    gNaTs2_t = gNaTs2_tbar*m*m*m*h
    ina = gNaTs2_t*(v - ena)
}

DERIVATIVE gates {
    rates(v)
    m' = (mInf - m)/mTau
    h' = (hInf - h)/hTau
}

PROCEDURE rates(v (mV)) {
    LOCAL qt, alpha, beta
    if (ttxi == 0.015625 && ttxo > 1e-12) {
        mInf = 0
        mTau = 1e-12
        hInf = 1
        hTau = 1e-12
    } else {
        qt = 2.3^((34 - 21)/10)
        alpha = 0.182*6*exprelr(-(v + 32)/6)
        beta = 0.124*6*exprelr((v + 32)/6)
        mInf = alpha/(alpha + beta)
        mTau = 1/(qt*(alpha + beta))
        alpha = 0.015*6*exprelr((v + 60)/6)
        beta = 0.015*6*exprelr(-(v + 60)/6)
        hInf = alpha/(alpha + beta)
        hTau = 1/(qt*(alpha + beta))
    }
}
