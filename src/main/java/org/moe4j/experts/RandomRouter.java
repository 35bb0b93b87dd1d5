package org.moe4j.experts;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.io.InputException;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;

/**
 * Random routed experts (Ren et al. 2023, PanGu-Sigma, after the Hash Layers of Roller et al. 2021): the domain of a sequence names a
 * group of experts, and a random map that is drawn once, each layer its own, sends every token id to one expert of the group. The gate is 1;
 * nothing is learned and nothing is balanced, so the load follows the frequencies of the tokens and is known before training. A single
 * group serves all domains: a Hash Layer.
 *
 * <p>The map is a function of the token id and a key for each group. The keys are a buffer, so they go with the weights: a checkpoint read
 * into a model that was built with another seed, a domain taken out of a model or added to it keep their maps to the last token. No table of
 * tokens is kept.
 */
public final class RandomRouter extends Router {
    private static final int DIGITS = 4;
    private static final int DIGIT_BITS = 16;

    private final Spec spec;
    private final Parameter map;                                                  // (groups, 4): 64-bit keys in digits that float32 holds exactly

    /** @param map (groups, 4) the key of each group's map, 16 bits a value, the lowest first */
    public RandomRouter(Spec spec, Parameter map) {
        this.spec = spec;
        this.map = own(map);
    }

    /**
     * @throws InputException if there are several groups, and the pass does not say which domains its sequences are of or names one without
     * @throws IllegalArgumentException if the pass has no token ids
     */
    @Override
    public Routing route(Tape t, Variable x, Pass pass) {
        int rows = x.shape().dim(0);
        int[] expert = new int[rows];
        CounterRandom[] maps = maps();
        if (maps == null) {
            Arrays.setAll(expert, row -> row % spec.experts());
        } else {
            if (pass.tokens() == null) {
                throw new IllegalArgumentException("a random router looks at token ids, which this pass has not: a model gives them, withTokens does");
            }
            int[] first = spec.firsts();
            for (int row = 0; row < rows; row++) {
                int group = group(pass, row / pass.time());
                expert[row] = first[group] + maps[group].below(pass.tokens()[row], spec.groups.get(group));
            }
        }
        return Routing.tokenChoice(spec.experts(), 1, expert, t.filled(Shape.of(rows, 1), 1), null, 0, List.of());
    }

    /** The expert that serves this token id in sequences of this domain. */
    public int expert(int domain, int token) {
        int group = spec.groups.size() == 1 ? 0 : domain;
        checkDomain(group);
        return spec.firsts()[group] + maps()[group].below(token, spec.groups.get(group));
    }

    /**
     * The load of each expert (E) that token frequencies foretell: the sum of those of the tokens that are mapped to it.
     *
     * @param frequencies for each domain those of its token ids, as shares of all tokens or as counts
     */
    public double[] expectedLoad(double[][] frequencies) {
        double[] load = new double[spec.experts()];
        for (int domain = 0; domain < frequencies.length; domain++) {
            for (int token = 0; token < frequencies[domain].length; token++) {
                load[expert(domain, token)] += frequencies[domain][token];
            }
        }
        return load;
    }

    private int group(Pass pass, int sequence) {
        if (spec.groups.size() == 1) {
            return 0;
        }
        if (pass.domains() == null) {
            throw new InputException("the random router has " + spec.groups.size()
                + " groups of experts, one for each domain, and is not told the domains of its sequences");
        }
        int domain = pass.domains()[sequence];
        checkDomain(domain);
        return domain;
    }

    private void checkDomain(int domain) {
        if (domain < 0 || domain >= spec.groups.size()) {
            throw new InputException("domain " + domain + " has no experts: the random router has " + spec.groups.size() + " groups, for domains 0 to "
                + (spec.groups.size() - 1));
        }
    }

    /** The random numbers of each group; null where no key was ever drawn, on a back end without numbers: there tokens are dealt out in turn. */
    private CounterRandom[] maps() {
        CounterRandom[] maps = new CounterRandom[spec.groups.size()];
        double[] digits = new double[maps.length * DIGITS];
        map.data().read(0, digits);                                               // at once: a device is waited for
        boolean drawn = false;
        for (int group = 0; group < maps.length; group++) {
            long key = 0;
            for (int digit = 0; digit < DIGITS; digit++) {
                key |= (long) digits[group * DIGITS + digit] << digit * DIGIT_BITS;
            }
            maps[group] = new CounterRandom(key);
            drawn |= key != 0;
        }
        return drawn ? maps : null;
    }

    /** @param groups how many experts each domain has, in the order of the domains; a single group serves all domains */
    public record Spec(List<Integer> groups) implements RouterSpec {
        public Spec {
            groups = List.copyOf(groups);
            if (groups.isEmpty()) {
                throw new InputException("groups is empty; a random router wants at least one group of experts");
            }
            for (int domain = 0; domain < groups.size(); domain++) {
                Require.positive("groups[" + domain + "]", groups.get(domain));
            }
            Math.toIntExact(groups.stream().mapToLong(size -> size).sum());
        }

        /** Eight experts in one group. */
        public Spec() {
            this(List.of(8));
        }

        /** The experts in groups of one size. */
        public static Spec equal(int experts, int domains) {
            Require.positive("domains", domains);
            if (experts % domains != 0) {
                throw new InputException("experts is " + experts + ", which " + domains + " domains do not share equally");
            }
            return new Spec(Collections.nCopies(domains, experts / domains));
        }

        @Override
        public int experts() {
            return groups.stream().mapToInt(size -> size).sum();
        }

        /** The number of each group's first expert. */
        public int[] firsts() {
            int[] first = new int[groups.size()];
            for (int domain = 1; domain < first.length; domain++) {
                first[domain] = first[domain - 1] + groups.get(domain - 1);
            }
            return first;
        }

        @Override
        public double perToken() {
            return 1;
        }

        /** As many groups, with shares as they were: expert by expert to the group that is most short of its share. */
        @Override
        public Spec withExperts(int experts, int perToken) {
            Require.exactly("perToken", perToken, 1, "random routing");
            if (experts < groups.size()) {
                throw new InputException("experts is " + experts + ", fewer than the " + groups.size() + " groups of the random router");
            }
            Integer[] sizes = new Integer[groups.size()];
            Arrays.fill(sizes, 1);
            for (int given = sizes.length; given < experts; given++) {
                int most = 0;
                for (int g = 1; g < sizes.length; g++) {
                    most = (long) groups.get(g) * (sizes[most] + 1) > (long) groups.get(most) * (sizes[g] + 1) ? g : most;
                }
                sizes[most]++;
            }
            return new Spec(List.of(sizes));
        }

        /** At least one for each group. */
        @Override
        public Spec atMost(int most) {
            return most >= experts() ? this : withExperts(Math.max(most, groups.size()), 1);
        }

        @Override
        public Router build(int dim, Init init) {
            Parameter map = init.buffer("map", Shape.of(groups.size(), DIGITS), 0);
            CounterRandom keys = init.random("map");
            for (int place = 0; place < groups.size() * DIGITS; place++) {
                map.data().set(place, keys.bits(place / DIGITS) >>> place % DIGITS * DIGIT_BITS & (1 << DIGIT_BITS) - 1);
            }
            return new RandomRouter(this, map);
        }

        @Override
        public long parameters(int dim) {
            return 0;
        }

        @Override
        public long flops(int dim, int tokens) {
            return 0;
        }
    }
}
