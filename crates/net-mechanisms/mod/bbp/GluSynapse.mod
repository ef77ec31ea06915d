TITLE Excitatory synapse with stochastic release, calcium and long-term plasticity

COMMENT
The model of Chindemi et al., Nat. Commun. 13 (2022) 3038: a synapse on a spine whose calcium decides how
its strength changes.

Release. Sites and vesicles are those of ProbAMPANMDA_EMS (Fuhrmann et al., J. Neurophysiol. 87 (2002) 140),
kept for every connection; the utilization Use_GB changes with the state of the synapse. Release opens AMPA
and NMDA receptors, each with a conductance B - A with its peak at 1 for a release from all sites, times
gmax. NMDA receptors are blocked by magnesium: 1/(1 + mg/scale exp(-slope v)), Jahr and Stevens, J. Neurosci.
10 (1990) 3178, constants after Vargas-Caballero and Robinson, J. Neurophysiol. 89 (2003) 2778.

Calcium. NMDA receptors carry the fraction 4 cao/(4 cao + 120/1.38) 0.6 of their conductance as calcium,
reversed at 40 mV (Schneggenburger et al., Neuron 11 (1993) 133; Jahr and Stevens, PNAS 90 (1993) 11573).
R-type channels, i = gca m^2 h (v - eca), after Magee and Johnston, J. Physiol. 487 (1995) 67, cover a
spherical spine head. What enters, less what is buffered, is removed with tau_ca_CR:

    cai' = -gamma (ica_NMDA + ica_VDCC)/(2 F volume) - (cai - min_ca)/tau_ca

Plasticity. The integrated calcium, effcai' = -effcai/tau_effca + cai - min_ca, drives the bistable efficacy of
Graupner and Brunel, PNAS 109 (2012) 3991: depression is on above theta_d, potentiation above theta_p,

    tau_ind rho' = -rho (1 - rho) (rho_star - rho) + gamma_p (1 - rho) [pot] - gamma_d rho [dep]

and gmax_AMPA and Use_GB follow rho with tau_exp, between their values _d and _p. States advance by the
explicit Euler method, as published.

Names and defaults are those of the point process of this name that circuits of the Blue Brain Project use.
Numbers are drawn from the stream rng as in ProbAMPANMDA_EMS. A connection's weight switches it on and off
only, and is set to 1 at the start. The sixth weight says what its events are, as there; events of a
connection of type -1 set the weight of all spikes of cells from then on.
ENDCOMMENT

NEURON {
    POINT_PROCESS GluSynapse
    NONSPECIFIC_CURRENT i
    RANDOM rng
    RANGE tau_d_AMPA, gmax0_AMPA, gmax_d_AMPA, gmax_p_AMPA, g_AMPA, gmax_NMDA, g_NMDA
    RANGE Use, Dep, Fac, Nrrp, Use_d, Use_p
    RANGE ica_NMDA, ica_VDCC, volume_CR
    RANGE theta_d_GB, theta_p_GB, rho0_GB, dep_GB, pot_GB
    RANGE vsyn, i, synapseID, selected_for_report, verbose
    GLOBAL tau_r_AMPA, E_AMPA, scale_NMDA, slope_NMDA, tau_r_NMDA, tau_d_NMDA, E_NMDA, mg
    GLOBAL ljp_VDCC, vhm_VDCC, km_VDCC, mtau_VDCC, vhh_VDCC, kh_VDCC, htau_VDCC, gca_bar_VDCC
    GLOBAL gamma_ca_CR, tau_ca_CR, min_ca_CR, cao_CR
    GLOBAL rho_star_GB, tau_ind_GB, tau_exp_GB, tau_effca_GB, gamma_d_GB, gamma_p_GB
    GLOBAL nc_type_param, minis_single_vesicle, init_depleted
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
    (nS) = (nanosiemens)
    (um) = (micron)
    (mM) = (milli/liter)
    FARADAY = (faraday) (coulomb)
    R = (k-mole) (joule/degC)
    PI = (pi) (1)
}

PARAMETER {
    tau_r_AMPA = 0.2 (ms) <1e-9, 1e9>
    tau_d_AMPA = 1.7 (ms) <1e-9, 1e9>
    E_AMPA = 0 (mV)
    gmax0_AMPA = 1 (nS)
    gmax_d_AMPA = 1 (nS)
    gmax_p_AMPA = 2 (nS)
    mg = 1 (mM)
    scale_NMDA = 2.552 (mM)
    slope_NMDA = 0.072 (/mV)
    tau_r_NMDA = 0.29 (ms) <1e-9, 1e9>
    tau_d_NMDA = 70 (ms) <1e-9, 1e9>
    E_NMDA = -3 (mV)
    gmax_NMDA = 0.55 (nS)
    Use = 0.5
    Dep = 100 (ms) <0, 1e9>
    Fac = 10 (ms) <0, 1e9>
    Nrrp = 1 <1, 1e9>
    Use_d = 0.2
    Use_p = 0.8
    volume_CR = 0.087 (um3) <1e-12, 1e9>
    gca_bar_VDCC = 0.0744 (nS/um2)
    ljp_VDCC = 0 (mV)
    vhm_VDCC = -5.9 (mV)
    km_VDCC = 9.5 (mV)
    vhh_VDCC = -39 (mV)
    kh_VDCC = -9.2 (mV)
    mtau_VDCC = 1 (ms) <1e-9, 1e9>
    htau_VDCC = 27 (ms) <1e-9, 1e9>
    gamma_ca_CR = 0.04
    tau_ca_CR = 12 (ms) <1e-9, 1e9>
    min_ca_CR = 70e-6 (mM)
    cao_CR = 2 (mM)
    rho_star_GB = 0.5
    tau_ind_GB = 70 (s) <1e-9, 1e9>
    tau_exp_GB = 100 (s) <1e-9, 1e9>
    tau_effca_GB = 200 (ms) <1e-9, 1e9>
    gamma_d_GB = 100
    gamma_p_GB = 450
    theta_d_GB = 0.006 (mM-ms)
    theta_p_GB = 0.001 (mM-ms)
    rho0_GB = 0
    synapseID = 0
    verbose = 0
    selected_for_report = 0
    nc_type_param = 5
    minis_single_vesicle = 0
    init_depleted = 0
}

ASSIGNED {
    v (mV)
    celsius (degC)
    i (nA)
    vsyn (mV)
    g_AMPA (uS)
    g_NMDA (uS)
    ica_NMDA (nA)
    ica_VDCC (nA)
    dep_GB
    pot_GB
    factor_AMPA
    factor_NMDA
    gca (uS)
    later
    is_later
}

STATE {
    A_AMPA
    B_AMPA
    gmax_AMPA (nS)
    A_NMDA
    B_NMDA
    Use_GB
    m_VDCC
    h_VDCC
    cai_CR (mM)
    rho_GB
    effcai_GB (mM-ms)
}

INITIAL {
    A_AMPA = 0
    B_AMPA = 0
    gmax_AMPA = gmax0_AMPA
    A_NMDA = 0
    B_NMDA = 0
    Use_GB = Use
    m_VDCC = 0
    h_VDCC = 0
    cai_CR = min_ca_CR
    rho_GB = rho0_GB
    effcai_GB = 0
    dep_GB = 0
    pot_GB = 0
    factor_AMPA = 1/peak(tau_r_AMPA, tau_d_AMPA)
    factor_NMDA = 1/peak(tau_r_NMDA, tau_d_NMDA)
    : A sphere of this volume has the surface 4 pi (3 volume/(4 pi))^(2/3).
    gca = (1e-3)*gca_bar_VDCC*4*PI*(3*volume_CR/(4*PI))^(2/3)
    later = 0
    is_later = 0
    net_send(0, 1)
}

: Largest difference of two decays from 1.
FUNCTION peak(rise (ms), decay (ms)) {
    LOCAL at
    at = rise*decay/(decay - rise)*log(decay/rise)
    peak = exp(-at/decay) - exp(-at/rise)
}

BREAKPOINT {
    LOCAL eca
    SOLVE states METHOD euler
    g_AMPA = (1e-3)*gmax_AMPA*(B_AMPA - A_AMPA)
    g_NMDA = (1e-3)*gmax_NMDA*(B_NMDA - A_NMDA)/(1 + exp(-slope_NMDA*v)*(mg/scale_NMDA))
    ica_NMDA = 4*cao_CR/(4*cao_CR + (1/1.38)*120 (mM))*0.6*g_NMDA*(v - 40)
    eca = (1000)*R*(celsius + 273.15)/(2*FARADAY)*log(cao_CR/cai_CR)
    ica_VDCC = gca*m_VDCC*m_VDCC*h_VDCC*(v - eca)
    vsyn = v
    i = g_AMPA*(v - E_AMPA) + g_NMDA*(v - E_NMDA) + ica_VDCC
}

DERIVATIVE states {
    LOCAL minf, hinf
    A_AMPA' = -A_AMPA/tau_r_AMPA
    B_AMPA' = -B_AMPA/tau_d_AMPA
    A_NMDA' = -A_NMDA/tau_r_NMDA
    B_NMDA' = -B_NMDA/tau_d_NMDA
    gmax_AMPA' = (gmax_d_AMPA + rho_GB*(gmax_p_AMPA - gmax_d_AMPA) - gmax_AMPA)/((1e3)*tau_exp_GB)
    Use_GB' = (Use_d + rho_GB*(Use_p - Use_d) - Use_GB)/((1e3)*tau_exp_GB)
    minf = 1/(1 + exp((vhm_VDCC - ljp_VDCC - v)/km_VDCC))
    hinf = 1/(1 + exp((vhh_VDCC - ljp_VDCC - v)/kh_VDCC))
    m_VDCC' = (minf - m_VDCC)/mtau_VDCC
    h_VDCC' = (hinf - h_VDCC)/htau_VDCC
    cai_CR' = -(1e-9)*(ica_NMDA + ica_VDCC)*gamma_ca_CR/((1e-15)*volume_CR*2*FARADAY) - (cai_CR - min_ca_CR)/tau_ca_CR
    effcai_GB' = -effcai_GB/tau_effca_GB + (cai_CR - min_ca_CR)
    rho_GB' = (-rho_GB*(1 - rho_GB)*(rho_star_GB - rho_GB) + pot_GB*gamma_p_GB*(1 - rho_GB) - dep_GB*gamma_d_GB*rho_GB)/((1e3)*tau_ind_GB)
}

NET_RECEIVE (weight, u, tsyn (ms), recovered, unrecovered, nc_type) {
    LOCAL own, sites, released
    INITIAL {
        if (nc_type != -1) {
            weight = 1
        }
        u = 0
        tsyn = 0
        recovered = Nrrp
        if (init_depleted) {
            recovered = 0
        }
        unrecovered = Nrrp - recovered
    }
    if (flag == 0) {
        own = weight
        if (is_later && nc_type == 0) {
            own = later
        }
        if (nc_type == -1) {
            later = weight
            is_later = 1
        } else if (own > 0) {
            u = Use_GB + u*(1 - Use_GB)*exp(-(t - tsyn)/Fac)
            recovered = recovered + successes(unrecovered, 1 - exp(-(t - tsyn)/Dep))
            sites = recovered
            if (minis_single_vesicle && nc_type == 1 && sites > 1) {
                sites = 1
            }
            released = successes(sites, u)
            recovered = recovered - released
            unrecovered = Nrrp - recovered
            tsyn = t
            A_AMPA = A_AMPA + released/Nrrp*factor_AMPA
            B_AMPA = B_AMPA + released/Nrrp*factor_AMPA
            A_NMDA = A_NMDA + released/Nrrp*factor_NMDA
            B_NMDA = B_NMDA + released/Nrrp*factor_NMDA
        }
    } else if (flag == 1) {
        WATCH (effcai_GB > theta_d_GB) 2
        WATCH (effcai_GB < theta_d_GB) 3
        WATCH (effcai_GB > theta_p_GB) 4
        WATCH (effcai_GB < theta_p_GB) 5
    } else if (flag == 2) {
        dep_GB = 1
    } else if (flag == 3) {
        dep_GB = 0
    } else if (flag == 4) {
        pot_GB = 1
    } else if (flag == 5) {
        pot_GB = 0
    }
}

: How many of some sites do what each does with a probability; a draw a site.
FUNCTION successes(sites, probability) {
    LOCAL k, sum
    sum = 0
    k = 0
    while (k <= sites - 1) {
        if (random_uniform(rng) <= probability) {
            sum = sum + 1
        }
        k = k + 1
    }
    successes = sum
}
