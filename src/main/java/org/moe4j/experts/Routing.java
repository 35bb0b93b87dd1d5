package org.moe4j.experts;

import java.util.List;

import org.moe4j.autodiff.Variable;

/**
 * Where the tokens of a batch go: a list of S slots, each a token, an expert and a gate weight. A slot whose expert is
 * negative was dropped and takes part in nothing.
 *
 * @param tokens T
 * @param experts E
 * @param perToken K if slot s belongs to token s / K (every token-choice router), 0 if slots are in another order
 * @param token (S) the token of each slot
 * @param expert (S) its expert, or -1
 * @param gates S gate weights, in any shape of that size
 * @param probabilities (T,E) the router's distribution before the choice, or null where there is none
 * @param dropped how many choices capacity refused
 * @param losses the balance losses of this batch
 */
public record Routing(int tokens, int experts, int perToken, int[] token, int[] expert, Variable gates, Variable probabilities,
                      int dropped, List<AuxiliaryLoss> losses) {
    public Routing {
        if (token.length != expert.length || gates.shape().size() != token.length) {
            throw new IllegalArgumentException("routing: " + token.length + " tokens, " + expert.length + " experts and gates "
                + gates.shape() + " do not describe the same slots");
        }
        if (perToken != 0 && token.length != (long) tokens * perToken) {
            throw new IllegalArgumentException("routing: " + token.length + " slots are not " + perToken + " for each of " + tokens + " tokens");
        }
        losses = List.copyOf(losses);
    }

    /** S, dropped slots included. */
    public int slots() {
        return token.length;
    }
}
