TITLE Persistent sodium channel

COMMENT
Magistretti and Alonso, J. Gen. Physiol. 114 (1999) 491:

    m_inf = 1/(1 + exp(-(v + 52.6)/4.6))    h_inf = 1/(1 + exp((v + 48.8)/10))
    alpha_h = 2.88e-6 (v + 17)/(exp((v + 17)/4.63) - 1)
    beta_h = 6.94e-6 (v + 64.4)/(1 - exp(-(v + 64.4)/2.63))    tau_h = 1/(alpha_h + beta_h)

and for tau_m six times that of the transient channel of Colbert and Pan, Nat. Neurosci. 5 (2002) 533, rates
per ms at 21 degrees, times 2.3^((34 - 21)/10); i = gbar m^3 h (v - ena).
As in Hay et al., PLoS Comput. Biol. 7 (2011) e1002107.
Where the mechanism TTXDynamicsSwitch has set a concentration of tetrodotoxin outside, the channel is closed:
m goes to 0 and h to 1 at once.
ENDCOMMENT

NEURON {
    SUFFIX Nap_Et2
    USEION na READ ena WRITE ina
    USEION ttx READ ttxo, ttxi VALENCE 1
    RANGE gNap_Et2bar, gNap_Et2, ina
}

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (S) = (siemens)
    (mM) = (milli/liter)
}

PARAMETER {
    gNap_Et2bar = 1e-5 (S/cm2) <0, 1e9>
}

ASSIGNED {
    v (mV)
    ena (mV)
    ina (mA/cm2)
    gNap_Et2 (S/cm2)
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
    gNap_Et2 = gNap_Et2bar*m*m*m*h
    ina = gNap_Et2*(v - ena)
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
        alpha = 0.182*6*exprelr(-(v + 38)/6)
        beta = 0.124*6*exprelr((v + 38)/6)
        mInf = 1/(1 + exp(-(v + 52.6)/4.6))
        mTau = 6/(qt*(alpha + beta))
        alpha = 2.88e-6*4.63*exprelr((v + 17)/4.63)
        beta = 6.94e-6*2.63*exprelr(-(v + 64.4)/2.63)
        hInf = 1/(1 + exp((v + 48.8)/10))
        hTau = 1/(qt*(alpha + beta))
    }
}
