/**
 * Mixtures of experts from two parts. A {@link org.moe4j.experts.Router} says which experts see a token and with what gate
 * weight, as a {@link org.moe4j.experts.Routing}; {@link org.moe4j.experts.Experts} are a bank evaluated only where routed;
 * {@link org.moe4j.experts.MixtureOfExperts} puts the two in the place of a feed-forward block. Balance losses are pure
 * functions of a routing, each named for the code or paper whose convention it follows. One file a router, one a bank.
 */
package org.moe4j.experts;
