TITLE Calcium and potassium inside an astrocyte, and the current that glutamate starts

COMMENT
Calcium in four shells of a cylinder, with diffusion between shells and along the cell: Carnevale and Hines, The
NEURON Book (2006), chapter 9. The outermost and the innermost shell have half the thickness of the others. A part
ratioERsqrt of the volume is endoplasmic reticulum (ER), whose calcium caer0 is constant, as is IP3, ip3i0.

In all shells: a buffer that does not move, ca + bufs <-> cabufs; the calcium ATPase of the ER, which binds two
calcium ions, U + 2 ca <-> B2, and is free again when they are in the ER (Handy et al., J. Comput. Neurosci. 42
(2017) 257); release by IP3 receptors, the cube of

    ip3/(ip3 + Kip3) ca/(ca + Kact) ho,   ho' = kon (Kinh - (ca + Kinh) ho)

times 1 - ca/caer0, where it is above its value at rest (Fink et al., Biophys. J. 79 (2000) 163; constants of the
receptor after Tu et al., Biophys. J. 88 (2005) 1056). In the outermost shell: the pump of the membrane, which binds
one ion, ca + unbound_pump <-> bound_pump (Handy et al.), and the sodium-calcium exchanger at the potential v of the
start (Luo and Rudy, Circ. Res. 74 (1994) 1071), both less their flux at the start, where cai0 is in balance; cai00 is
the concentration at which release and the exchanger's current rest.

Glutamate. When what glu2 refers to, glut of a GlutReceive, is above 0, it is set to 0 and the potassium current
ikState to 10 mA/cm2, from which it falls to 0 by 1 mA/cm2 in a ms. The membrane's current is -ikState and those of
exchanger and pump, in units of these circuits; the exchanger's sodium counts from the second step on.

Names, units and defaults are those of the mechanism of this name that neuro-glial-vascular circuits of the Blue
Brain and Open Brain projects use. What has no effect there is left out: the mobile buffer (TBufm, bufm, cabufm),
sodium, extracellular glutamate, EETs, ATP and the reporters. icaER is the uptake into the ER, icaPLASMA that
through the membrane's pump, iNaCa that through the exchanger, in the units there.
ENDCOMMENT

NEURON {
    SUFFIX cadifus
    POINTER glu2
    NONSPECIFIC_CURRENT i
    RANGE cai0, cai00, caer0, ratioERsqrt, alpha
    RANGE cai, bound_pump0
    RANGE icaER, icaPLASMA, iNaCa
}

DEFINE shells 4

UNITS {
    (mV) = (millivolt)
    (mA) = (milliamp)
    (mM) = (milli/liter)
    (uM) = (micro/liter)
    (um) = (micron)
    FARADAY = (faraday) (coulomb)
    R = (k-mole) (joule/degC)
    PI = (pi) (1)
}

PARAMETER {
    cai0 = 1e-4 (mM) <1e-12, 1e9>
    cai00 = 1e-4 (mM) <1e-12, 1e9>
    caer0 = 0.4 (mM) <1e-12, 1e9>
    ki0 = 135 (mM) <0, 1e9>
    ip3i0 = 1e-5 (mM) <0, 1e9>
    ratioERsqrt = 0.2 <0, 0.999999>
    DCa = 0.22 (um2/ms) <0, 1e9>
    DK = 1.96 (um2/ms) <0, 1e9>
    TBufs = 0.01 (mM) <0, 1e9>
    kfs = 10000 (/mM-ms) <0, 1e9>
    KDs = 0.18 (uM) <1e-12, 1e9>
    TSerca = 1e-6 (mM) <0, 1e9>
    alpha = 1 <0, 1e9>
    Kip3 = 0.8e-3 (uM) <1e-12, 1e9>
    Kact = 0.16e-3 (mM) <1e-12, 1e9>
    Kinh = 0.06e-3 (mM) <1e-12, 1e9>
    kon = 2.7 (/uM-ms) <0, 1e9>
    imax = 0.01 (mA/cm2) <0, 1e9>
    gamma1 = 0.35 <0, 1>
    nao = 145 (mM) <1e-9, 1e9>
    cao = 1.8 (mM) <1e-9, 1e9>
    kna = 87.5 (mM) <1e-9, 1e9>
    kca = 1.38 (mM) <1e-9, 1e9>
    gamma = 1 <1e-12, 1e9>
}

CONSTANT {
    kp_on = 280
    kp_off = 0.5
    kp_out = 5
    pumps = 5e-5
    ks_on = 5e5
    serca_half = 5e-5
    ks_out = 0.9
    release_rate = 0.000222
}

ASSIGNED {
    v (mV)
    diam (um)
    celsius (degC)
    glu2
    i (mA/cm2)
    cai (mM)
    bound_pump0 (mM)
    icaER
    icaPLASMA
    iNaCa
    sodium
    ncx
    per_current
    ks_back
    at_rest
}

STATE {
    ca[shells] (mM) <1e-7>
    bufs[shells] (mM) <1e-3>
    cabufs[shells] (mM) <1e-7>
    sercaU[shells] (mM)
    sercaB1[shells] (mM)
    sercaB2[shells] (mM)
    hc[shells]
    ho[shells]
    bound_pump (mM)
    unbound_pump (mM)
    ki (mM)
    ikState (mA/cm2)
}

UNITSOFF

INITIAL {
    LOCAL kt, gate, x, thickness
    ki = ki0
    ikState = 0
    cai = cai0
    : relative activity of the exchanger, which carries ncx ca
    kt = 1000*R*(celsius + 273.14)/FARADAY
    gate = exp((gamma1 - 1)*v/kt)
    ncx = 3^((celsius - 37)/10)*imax*gate*nao^3
    ncx = ncx/((kna^3 + nao^3)*(kca + cao)*(1 + 0.1*gate))
    bound_pump = pumps*kp_on*cai0/(kp_on*cai0 + kp_off + kp_out)
    unbound_pump = pumps - bound_pump
    bound_pump0 = bound_pump
    x = cai0/serca_half
    FROM k = 0 TO shells - 1 {
        ca[k] = cai0
        bufs[k] = 0.001*KDs*TBufs/(0.001*KDs + cai0)
        cabufs[k] = TBufs - bufs[k]
        sercaU[k] = TSerca/(1 + x + x^2)
        sercaB1[k] = x*sercaU[k]
        sercaB2[k] = x^2*sercaU[k]
        ho[k] = Kinh/(Kinh + cai0)
        hc[k] = 1 - ho[k]
    }
    ks_back = ks_out*x^2
    at_rest = released(cai00, ho[0])
    : from the flux into the outermost shell to a current through its membrane
    thickness = diam/4/(shells - 1)
    per_current = (diam^2/4 - (diam/2 - thickness)^2)*2*FARADAY/(gamma*diam*1e8)*1e-4
    icaER = 0
    icaPLASMA = 0
    iNaCa = 0
    sodium = 0
}

BREAKPOINT {
    LOCAL exchanged, pumped
    if (nrn_pointing(glu2) && glu2 > 0) {
        ikState = 10
        glu2 = 0
    }
    exchanged = ncx*(cai00 - ca[0])
    pumped = kp_out*(bound_pump - bound_pump0)
    i = sodium + per_current*(2*exchanged + pumped) - ikState
    cai = ca[0]
    SOLVE transport METHOD sparse
}

: Radius of the outer edge of shell k, in diameters.
FUNCTION edge(k) {
    if (k < 0.5) {
        edge = 0.5
    } else if (k > shells - 0.5) {
        edge = 0
    } else {
        edge = 0.5 - (2*k - 1)/(4*(shells - 1))
    }
}

: Area of shell k of a section of this diameter, um2.
FUNCTION ring(k) { ring = PI*diam^2*(edge(k)^2 - edge(k + 1)^2) }

: What an IP3 receptor lets out of the ER.
FUNCTION released(c, h) {
    released = (1 - c/caer0)*(ip3i0/(ip3i0 + 0.001*Kip3)*c/(c + Kact)*h)^3
}

FUNCTION above0(x) {
    if (x > 0) { above0 = x } else { above0 = 0 }
}

KINETIC transport {
    COMPARTMENT k, (1 - ratioERsqrt)*ring(k) { ca bufs cabufs sercaU sercaB1 sercaB2 }
    COMPARTMENT (1 - ratioERsqrt)*ring(0) { bound_pump unbound_pump }
    COMPARTMENT (1 - ratioERsqrt)*PI*diam^2/4 { ki }
    LONGITUDINAL_DIFFUSION k, DCa*(1 - ratioERsqrt)*ring(k) { ca }
    LONGITUDINAL_DIFFUSION DK*(1 - ratioERsqrt)*PI*diam^2/4 { ki }

    ~ ca[0] << (ncx*(cai0 - ca[0]))
    ~ ca[0] + unbound_pump <-> bound_pump (kp_on, kp_off)
    ~ bound_pump -> unbound_pump (kp_out)
    ~ ca[0] << (kp_out*bound_pump0)

    icaER = 0
    FROM k = 0 TO shells - 1 {
        ~ ca[k] + bufs[k] <-> cabufs[k] ((1 - ratioERsqrt)*ring(k)*kfs, (1 - ratioERsqrt)*ring(k)*kfs*0.001*KDs)
        ~ ca[k] + sercaU[k] <-> sercaB1[k] (ks_on, ks_on*serca_half)
        ~ ca[k] + sercaB1[k] <-> sercaB2[k] (ks_on, ks_on*serca_half)
        ~ sercaB2[k] <-> sercaU[k] (ks_out, ks_back)
        ~ hc[k] <-> ho[k] (1000*kon*Kinh, 1000*kon*ca[k])
        ~ ca[k] << ((1 - ratioERsqrt)*ring(k)*release_rate*caer0*above0(released(ca[k], ho[k]) - at_rest))
        icaER = icaER - 1e15*alpha*ks_out*ratioERsqrt*(ring(k)/diam)^2*sercaB2[k]
    }
    FROM k = 0 TO shells - 2 {
        ~ ca[k] <-> ca[k + 1] (DCa*radial(k + 1), DCa*radial(k + 1))
    }
    : what becomes negative is 0
    ~ ikState << (-1)
    ~ ki << (0)
    icaPLASMA = -kp_out*bound_pump
    iNaCa = -2*ncx*ca[0]
    sodium = 3*ncx*(cai00 - ca[0])
}

: Circumference of the outer edge of shell k over the distance between the middles of shells.
FUNCTION radial(k) { radial = 4*PI*(shells - 1)*edge(k) }

UNITSON
