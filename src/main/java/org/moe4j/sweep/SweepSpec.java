package org.moe4j.sweep;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;

import org.moe4j.data.DataSpec;
import org.moe4j.experts.SpecCatalog;
import org.moe4j.io.Differences;
import org.moe4j.io.InputException;
import org.moe4j.train.Schedule;

/**
 * A race of feed-forward layers at equal training FLOPs: everything about it that decides a result. Each component is an
 * option of the command line and a field of the YAML file; {@link Preset} has the defaults.
 */
public record SweepSpec(
        @Option("training FLOPs of each trial; or smoke (under a minute), quick (ten minutes, the default), full (hours), each with values of its own for what is not given; with a number these are quick's") String budget,
        @Option("what races: dense, moe, pkm, peer; peer-bf16 and peer-bf16-nearest keep its tables as bfloat16") List<String> arms,
        @Option("G of the moe arms: G·E experts of width hidden/G, G of them for each token") List<Integer> granularity,
        @Option("E, the expansion rate: how many times the dense layer's parameters the experts have") int expansion,
        @Option("the router of the moe arms") String router,
        @Option("where the arms' layers stand: every block, or the middle one") Place place,
        @Option("whether the mixtures' output is layer-normalised, as Krajewski et al. do: true or false") boolean outputNorm,
        @Option("D, the model width") int dim,
        @Option("the number of blocks") int layers,
        @Option("attention heads") int heads,
        @Option("d_ff, the hidden width of the dense layer") int hidden,
        @Option("T, tokens in a training sequence") int sequence,
        @Option("the side of the product-key grid: PEER has subKeys² experts, PKM subKeys² values") int subKeys,
        @Option("retrieval heads of PEER and PKM") int retrievalHeads,
        @Option("experts or values retrieved by each head") int perHead,
        @Option("the width of a query of product keys") int keyDim,
        @Option("sequences in a batch") int batch,
        @Option("the peak learning rate, the same for every arm") double learningRate,
        @Option("share of the steps that warm the learning rate up") double warmup,
        @Option("seeds, such as 1,2,3 or 1..3; each arm runs once with each") List<Long> seeds,
        @Option("text files, .gz files or folders (sub-folders are domains); none is the source text of this JDK") List<String> text,
        @Option("bytes, or bpe:SIZE for byte pairs trained on the text") String tokenizer,
        @Option("tokens of the fixed validation slice") int validationTokens,
        @Option("how many times a trial is evaluated") int evaluations,
        @Option("the back end: auto, simd, reference, or cuda (cuda:1 is the second GPU, cuda+bf16 multiplies matrices in that precision, cuda+graphs launches CUDA graphs)") String device,
        @Option("threads of one trial; 0 shares out the processors") int threads,
        @Option("trials side by side; 0 is one for each processor, one on a GPU") int parallel) {

    /** Where the layers that race stand; the other blocks are dense. */
    public enum Place { EVERY, MIDDLE }

    private static final List<String> SPEED_ONLY = List.of("threads", "parallel");
    private static final List<String> ARMS = List.of("dense", "moe", "pkm", "peer", "peer-bf16", "peer-bf16-nearest");

    public SweepSpec {
        arms = List.copyOf(arms);
        granularity = List.copyOf(granularity);
        seeds = List.copyOf(seeds);
        text = List.copyOf(text);
        flops(budget);
        if (arms.isEmpty()) {
            throw new InputException("arms is empty; give some of " + String.join(", ", ARMS));
        }
        for (String arm : arms) {
            if (!ARMS.contains(arm)) {
                throw InputException.unknown("arm", arm, ARMS);
            }
        }
        distinct("arms", arms);
        SpecCatalog.ROUTERS.example(router);
        positive("expansion", expansion);
        positive("dim", dim);
        positive("layers", layers);
        positive("heads", heads);
        positive("hidden", hidden);
        positive("sequence", sequence);
        positive("subKeys", subKeys);
        positive("retrievalHeads", retrievalHeads);
        positive("perHead", perHead);
        positive("keyDim", keyDim);
        positive("batch", batch);
        positive("validationTokens", validationTokens);
        positive("evaluations", evaluations);
        if (arms.contains("moe") && granularity.isEmpty()) {
            throw new InputException("granularity is empty; the moe arm wants at least one, such as 1,2,4,8");
        }
        distinct("granularity", granularity);
        for (int g : granularity) {
            positive("granularity", g);
            if (hidden % g != 0) {
                throw new InputException("granularity is " + g + ", which does not divide hidden (d_ff) " + hidden
                    + " into experts of equal width; a divisor of " + hidden + " would do");
            }
        }
        if (perHead > subKeys) {
            throw new InputException("perHead is " + perHead + ", more than the " + subKeys + " subKeys of a side; at most subKeys would do");
        }
        if (keyDim % 2 != 0) {
            throw new InputException("keyDim is " + keyDim + ", it has to be even: half of a query looks up each side's sub-keys");
        }
        if (!(learningRate > 0)) {
            throw new InputException("learningRate is " + learningRate + ", it has to be above 0");
        }
        if (!(warmup >= 0 && warmup < 1)) {
            throw new InputException("warmup is " + warmup + ", it has to be a share of the steps from 0 to below 1");
        }
        if (seeds.isEmpty()) {
            throw new InputException("seeds is empty; give at least one number");
        }
        distinct("seeds", seeds);
        RunSpec.data(text, tokenizer);
        if (threads < 0 || parallel < 0) {
            throw new InputException((threads < 0 ? "threads is " + threads : "parallel is " + parallel) + ", it has to be 0 or more");
        }
    }

    /** The budget as a number. */
    public double flops() {
        return flops(budget);
    }

    /** This sweep with its budget written as a number: what is stored, so that a later change of a preset changes no spec. */
    public SweepSpec explicit() {
        return new SweepSpec(Double.toString(flops()), arms, granularity, expansion, router, place, outputNorm, dim, layers, heads, hidden, sequence,
            subKeys, retrievalHeads, perHead, keyDim, batch, learningRate, warmup, seeds, text, tokenizer, validationTokens, evaluations,
            device, threads, parallel);
    }

    /** The text and its tokens. */
    public DataSpec data() {
        return RunSpec.data(text, tokenizer);
    }

    /** Warm-up, then half a cosine to a tenth of the peak, over a trial's own number of steps. */
    Schedule schedule(long steps) {
        return new Schedule.Cosine((int) Math.min(Integer.MAX_VALUE, Math.round(warmup * steps)), 0.1);
    }

    /** Whether both sweeps have the same results: all is equal but what only decides how fast they come. */
    boolean sameRace(SweepSpec other) {
        return differences(other).isEmpty();
    }

    /** The components in which the sweeps differ, those aside that only decide the speed. */
    List<String> differences(SweepSpec other) {
        return Differences.between(explicit(), other.explicit(), SPEED_ONLY);
    }

    private static double flops(String budget) {
        try {
            double flops = Double.parseDouble(budget);
            if (flops > 0 && flops < Double.POSITIVE_INFINITY) {
                return flops;
            }
        } catch (NumberFormatException name) {
            Optional<Preset> preset = Preset.named(budget);
            if (preset.isPresent()) {
                return preset.get().flops();
            }
        }
        throw new InputException("budget is " + budget + ", it has to be a positive number of FLOPs such as 1e12, or smoke, quick or full");
    }

    private static void positive(String field, int value) {
        if (value < 1) {
            throw new InputException(field + " is " + value + ", it has to be at least 1");
        }
    }

    private static void distinct(String field, List<?> values) {
        if (new HashSet<>(values).size() != values.size()) {
            throw new InputException(field + " " + values + " names something twice; each once would do");
        }
    }
}
