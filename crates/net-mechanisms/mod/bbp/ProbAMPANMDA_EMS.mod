TITLE Excitatory synapse with stochastic release of vesicles and short-term plasticity

COMMENT
Release sites are occupied or empty. At a spike after the interval D each empty site has recovered with
probability 1 - exp(-D/Dep); the release probability decays and is facilitated,

    u -> u exp(-D/Fac),  u -> u + Use (1 - u)    or u = Use where Fac is 0,

and each occupied site releases its vesicle with probability u: the model of Fuhrmann, Segev, Markram and
Tsodyks, J. Neurophysiol. 87 (2002) 140 (equation 2 for u), whose mean over trials is that of Tsodyks and
Markram, PNAS 94 (1997) 719, with Nrrp sites as in Loebel et al., Front. Comput. Neurosci. 3 (2009) 27, and as
used by Markram et al., Cell 163 (2015) 456. A spike that releases nothing still facilitates.

What is released opens AMPA and NMDA receptors, each with a conductance B - A that rises with tau_r and
decays with tau_d; a factor makes the peak after all sites release the weight (nS), times NMDA_ratio for
NMDA. Magnesium blocks NMDA receptors, 1/(1 + mg/scale_mg exp(-slope_mg v)): the form of Jahr and Stevens,
J. Neurosci. 10 (1990) 3178, with the constants of Chindemi et al., Nat. Commun. 13 (2022) 3038.

Names and defaults are those of the point process of this name that circuits of the Blue Brain Project are
written for. Numbers are drawn from the stream rng, one for each empty site, then one for each occupied
site, in every event with a positive weight; with equal ids and key they are the same as there.

The second weight of a connection says what its events are, as the fifth does there: 0 spikes of a cell, 1
spontaneous release, which takes one vesicle at most where minis_single_vesicle is set, 2 replayed spikes.
Events of a connection of type -1 release nothing: their weight is that of all spikes of cells from then on, which
is how overrides of connections begin late.
ENDCOMMENT

NEURON {
    POINT_PROCESS ProbAMPANMDA_EMS
    NONSPECIFIC_CURRENT i
    RANDOM rng
    RANGE tau_d_AMPA, Use, Dep, Fac, u0, mg, Nrrp, NMDA_ratio
    RANGE synapseID, selected_for_report, verboseLevel
    RANGE u, tsyn, occupied, unoccupied, Ustate
    RANGE i, i_AMPA, i_NMDA, g, g_AMPA, g_NMDA
    RANGE A_AMPA_step, B_AMPA_step, A_NMDA_step, B_NMDA_step
    GLOBAL tau_r_AMPA, tau_r_NMDA, tau_d_NMDA, e, slope_mg, scale_mg, gmax
    GLOBAL nc_type_param, minis_single_vesicle, init_depleted
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
    (nS) = (nanosiemens)
    (mM) = (milli/liter)
}

PARAMETER {
    tau_r_AMPA = 0.2 (ms) <1e-9, 1e9>
    tau_d_AMPA = 1.7 (ms) <1e-9, 1e9>
    tau_r_NMDA = 0.29 (ms) <1e-9, 1e9>
    tau_d_NMDA = 43 (ms) <1e-9, 1e9>
    Use = 1
    Dep = 100 (ms) <0, 1e9>
    Fac = 10 (ms) <0, 1e9>
    e = 0 (mV)
    mg = 1 (mM) <0, 1e9>
    slope_mg = 0.07207477 (/mV)
    scale_mg = 2.5522415 (mM) <1e-9, 1e9>
    gmax = 0.001 (uS/nS)
    u0 = 0
    Nrrp = 1 <1, 1e9>
    NMDA_ratio = 0.71
    synapseID = 0
    verboseLevel = 0
    selected_for_report = 0
    nc_type_param = 1
    minis_single_vesicle = 0
    init_depleted = 0
}

ASSIGNED {
    v (mV)
    dt (ms)
    i (nA)
    i_AMPA (nA)
    i_NMDA (nA)
    g (uS)
    g_AMPA (uS)
    g_NMDA (uS)
    factor_AMPA
    factor_NMDA
    A_AMPA_step
    B_AMPA_step
    A_NMDA_step
    B_NMDA_step
    u
    tsyn (ms)
    occupied
    unoccupied
    Ustate : -1 until the first release, then 1; what astrocytes hear
    later (nS)
    is_later
}

STATE {
    A_AMPA (nS)
    B_AMPA (nS)
    A_NMDA (nS)
    B_NMDA (nS)
}

INITIAL {
    A_AMPA = 0
    B_AMPA = 0
    A_NMDA = 0
    B_NMDA = 0
    factor_AMPA = 1/peak(tau_r_AMPA, tau_d_AMPA)
    factor_NMDA = 1/peak(tau_r_NMDA, tau_d_NMDA)
    A_AMPA_step = exp(-dt/tau_r_AMPA)
    B_AMPA_step = exp(-dt/tau_d_AMPA)
    A_NMDA_step = exp(-dt/tau_r_NMDA)
    B_NMDA_step = exp(-dt/tau_d_NMDA)
    u = u0
    tsyn = 0
    occupied = Nrrp
    if (init_depleted) {
        occupied = 0
    }
    unoccupied = Nrrp - occupied
    Ustate = -1
    is_later = 0
    later = 0
}

: Largest difference of two decays from 1.
FUNCTION peak(rise (ms), decay (ms)) {
    LOCAL at
    at = rise*decay/(decay - rise)*log(decay/rise)
    peak = exp(-at/decay) - exp(-at/rise)
}

BREAKPOINT {
    SOLVE decay
    g_AMPA = gmax*(B_AMPA - A_AMPA)
    g_NMDA = gmax*(B_NMDA - A_NMDA)/(1 + exp(-slope_mg*v)*(mg/scale_mg))
    g = g_AMPA + g_NMDA
    i_AMPA = g_AMPA*(v - e)
    i_NMDA = g_NMDA*(v - e)
    i = i_AMPA + i_NMDA
}

PROCEDURE decay() {
    A_AMPA = A_AMPA*A_AMPA_step
    B_AMPA = B_AMPA*B_AMPA_step
    A_NMDA = A_NMDA*A_NMDA_step
    B_NMDA = B_NMDA*B_NMDA_step
}

NET_RECEIVE (weight (nS), nc_type) {
    LOCAL own, survival, sites, k, released, jump
    INITIAL { : without this block nc_type would be set to 0
    }
    if (nc_type == -1) {
        later = weight
        is_later = 1
    } else {
        own = weight
        if (is_later && nc_type == 0) {
            own = later
        }
        if (own > 0 && t >= 0) {
            if (Fac > 0) {
                u = u*exp(-(t - tsyn)/Fac)
                u = u + Use*(1 - u)
            } else {
                u = Use
            }
            survival = exp(-(t - tsyn)/Dep)
            sites = unoccupied - 1
            k = 0
            while (k <= sites) {
                if (random_uniform(rng) > survival) {
                    occupied = occupied + 1
                }
                k = k + 1
            }
            sites = occupied - 1
            if (minis_single_vesicle && nc_type == 1 && sites > 0) {
                sites = 0
            }
            released = 0
            k = 0
            while (k <= sites) {
                if (random_uniform(rng) < u) {
                    released = released + 1
                }
                k = k + 1
            }
            occupied = occupied - released
            unoccupied = Nrrp - occupied
            tsyn = t
            if (released > 0) {
                Ustate = 1
            }
            jump = released/Nrrp*own*factor_AMPA
            A_AMPA = A_AMPA + jump
            B_AMPA = B_AMPA + jump
            jump = released/Nrrp*own*NMDA_ratio*factor_NMDA
            A_NMDA = A_NMDA + jump
            B_NMDA = B_NMDA + jump
        }
    }
}
