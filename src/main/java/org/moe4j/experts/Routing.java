package org.moe4j.experts;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntSupplier;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.tensor.IntStorage;

/**
 * Where the tokens of a batch go: a list of S slots, each a token, an expert and a gate weight. A slot whose expert is
 * negative was dropped and takes part in nothing.
 *
 * @param tokens T
 * @param experts E
 * @param perToken K if slot s belongs to token s / K (every token-choice router), 0 if slots are in another order
 * @param token (S) the token of each slot; null where that is s / K
 * @param expert (S) its expert, or -1
 * @param gates S gate weights, in any shape of that size
 * @param probabilities (T,E) the router's distribution before the choice, or null where there is none
 * @param refused how many choices capacity refused, found when it is asked for, as a device has to be waited for; null for none
 * @param losses the balance losses of this batch
 */
public record Routing(int tokens, int experts, int perToken, int[] token, IntStorage expert, Variable gates, Variable probabilities,
                      IntSupplier refused, List<AuxiliaryLoss> losses) {
    public Routing {
        if (token != null && token.length != expert.length() || gates.shape().size() != expert.length()) {
            throw new IllegalArgumentException("routing: " + (token == null ? "" : token.length + " tokens, ") + expert.length() + " experts and gates "
                + gates.shape() + " do not describe the same slots");
        }
        if (token == null ? perToken < 1 : perToken != 0) {
            throw new IllegalArgumentException("routing: " + (token == null ? "no tokens" : "tokens") + " of the slots, with " + perToken + " slots for each token");
        }
        if (perToken != 0 && expert.length() != (long) tokens * perToken) {
            throw new IllegalArgumentException("routing: " + expert.length() + " slots are not " + perToken + " for each of " + tokens + " tokens");
        }
        losses = List.copyOf(losses);
    }

    /** With a number of refused choices that is known. */
    public Routing(int tokens, int experts, int perToken, int[] token, IntStorage expert, Variable gates, Variable probabilities, int dropped,
                   List<AuxiliaryLoss> losses) {
        this(tokens, experts, perToken, token, expert, gates, probabilities, () -> dropped, losses);
    }

    /**
     * Every token with its K experts.
     *
     * @param expert (T,K)
     * @param gates (T,K)
     */
    public static Routing tokenChoice(int experts, int perToken, IntStorage expert, Variable gates, Variable probabilities, List<AuxiliaryLoss> losses) {
        return new Routing(expert.length() / perToken, experts, perToken, null, expert, gates, probabilities, null, losses);
    }

    /** The same with a number of refused choices that is known. */
    public static Routing tokenChoice(int experts, int perToken, IntStorage expert, Variable gates, Variable probabilities, int dropped,
                                      List<AuxiliaryLoss> losses) {
        return tokenChoice(experts, perToken, expert, gates, probabilities, losses).withDropped(() -> dropped);
    }

    /** The same with experts that were chosen on the host. */
    public static Routing tokenChoice(int experts, int perToken, int[] expert, Variable gates, Variable probabilities, int dropped,
                                      List<AuxiliaryLoss> losses) {
        return tokenChoice(experts, perToken, IntStorage.of(expert), gates, probabilities, dropped, losses);
    }

    public Routing withLosses(List<AuxiliaryLoss> losses) {
        return new Routing(tokens, experts, perToken, token, expert, gates, probabilities, refused, losses);
    }

    /** @param refused as above */
    Routing withDropped(IntSupplier refused) {
        return new Routing(tokens, experts, perToken, token, expert, gates, probabilities, refused, losses);
    }

    /** How many choices capacity refused; may wait for a device, while the tape is open. */
    public int dropped() {
        return refused == null ? 0 : refused.getAsInt();
    }

    /** S, dropped slots included. */
    public int slots() {
        return expert.length();
    }

    /** The token of a slot. */
    public int tokenOf(int slot) {
        return perToken > 0 ? slot / perToken : token[slot];
    }

    /**
     * The same slots in the order of tokens, with as many for each token as the busiest one has; the places that others don't
     * need are empty slots. Slots of one token keep their order.
     */
    public Routing byToken(Tape t) {
        if (perToken > 0) {
            return this;
        }
        int[] chosen = expert.toArray();
        int[] count = new int[tokens];
        for (int s = 0; s < slots(); s++) {
            count[token[s]] += chosen[s] < 0 ? 0 : 1;
        }
        int most = Math.max(1, Arrays.stream(count).max().orElse(0));
        int[] slot = new int[tokens * most];
        Arrays.fill(slot, -1);
        Arrays.fill(count, 0);
        for (int s = 0; s < slots(); s++) {
            if (chosen[s] >= 0) {
                slot[token[s] * most + count[token[s]]++] = s;
            }
        }
        int[] expertBySlot = Arrays.stream(slot).map(s -> s < 0 ? -1 : chosen[s]).toArray();
        Variable moved = t.reshape(t.gatherColumns(t.reshape(gates, 1, slots()), slot, slot.length), tokens, most);
        return tokenChoice(experts, most, IntStorage.of(expertBySlot), moved, probabilities, losses).withDropped(refused);
    }
}
