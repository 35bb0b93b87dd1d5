package org.moe4j.bench;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.simd.Work;
import org.moe4j.model.LanguageModel;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.sweep.Arm;
import org.moe4j.sweep.Preset;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.train.AdamW;
import org.moe4j.train.Gradients;
import org.moe4j.train.Optimizer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One training step (forward, backward, clipping, AdamW) of the sweep's quick models: D = 64, two blocks, 16 sequences of 128 tokens. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 5, time = 4)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class TrainStepBench {
    private static final int BATCH = 16;
    private static final int VOCABULARY = 1024;

    @Param({"dense", "MoE G=1", "MoE G=16", "PKM", "PEER"})
    public String arm;
    @Param("1")
    public int threads;

    private Backend on;
    private LanguageModel model;
    private Optimizer optimizer;
    private Arena arena;
    private long step;

    @Setup
    public void open() {
        on = Backends.open("simd", threads);
        List<Arm> arms = Arm.of(Preset.QUICK.spec(), VOCABULARY);
        model = arms.stream().filter(a -> a.label().equals(arm)).findFirst().orElseThrow().model().build(new Init(on, 1));
        optimizer = new AdamW.Spec(0.9, 0.95, 0.1).build(on, model.parameters());
        arena = new Arena(on);
    }

    @TearDown
    public void close() {
        on.close();
    }

    @Benchmark
    public double step(Work work) {
        int time = model.spec().sequence();
        int[] tokens = new int[BATCH * time];
        CounterRandom random = CounterRandom.of(step, "tokens");
        Arrays.setAll(tokens, i -> random.below(i, VOCABULARY));
        double loss;
        try (Tape t = new Tape(on, arena)) {
            LanguageModel.Output output = model.forward(t, tokens, Pass.training(BATCH, time, 1, step++));
            Variable crossEntropy = output.crossEntropy(t, tokens);
            t.backward(output.total(t, crossEntropy));
            loss = crossEntropy.value().item();
            work.flops += t.cost().trainingFlops();
        }
        Gradients.clipNorm(on, model.parameters(), Gradients.norm(on, model.parameters()), 1);
        optimizer.step(1e-3);
        Gradients.clear(on, model.parameters());
        return loss;
    }
}
