/**
 * Mixtures of experts from two parts. A {@link org.moe4j.experts.Router} says which experts see a token and with what gate
 * weight, as a {@link org.moe4j.experts.Routing}; {@link org.moe4j.experts.Experts} are a bank evaluated only where routed;
 * {@link org.moe4j.experts.MixtureOfExperts} puts the two in the place of a feed-forward block. Balance losses are pure
 * functions of a routing, each convention of public code under its own name. One file a router, one a bank:
 * {@link org.moe4j.experts.SpecCatalog} finds them, so nothing else has to be told. Start with {@link org.moe4j.experts.TopKRouter}.
 */
package org.moe4j.experts;
