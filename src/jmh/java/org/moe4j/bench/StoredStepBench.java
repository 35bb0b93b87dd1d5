package org.moe4j.bench;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.backend.simd.Work;
import org.moe4j.experts.ExpertsSpec;
import org.moe4j.experts.FeedForward;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.RandomRouter;
import org.moe4j.experts.StoredMlpExperts;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Tensor;
import org.moe4j.train.Adam;
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

/**
 * Forward, backward and Adam of 32 tokens, each with an expert of its own or nearly so, out of few or many: D = 64, F = 256. In files the time
 * should not depend on how many there are; in memory every expert is updated in every step.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class StoredStepBench {
    private static final int DIM = 64;
    private static final int HIDDEN = 256;
    private static final int TOKENS = 32;

    @Param({"256", "4096"})
    public int experts;
    @Param({"stored", "memory"})
    public String place;
    @Param("1")
    public int threads;

    private Backend on;
    private FeedForward layer;
    private Parameter x;
    private Optimizer optimizer;
    private Arena arena;

    @Setup
    public void open() {
        on = Backends.open("simd", threads);
        ExpertsSpec bank = place.equals("stored") ? new StoredMlpExperts.Spec(HIDDEN, Activation.GELU, "") : new MlpExperts.Spec(HIDDEN, Activation.GELU, false);
        layer = new MixtureOfExperts.Spec(new RandomRouter.Spec(List.of(experts)), bank).build(DIM, new Init(on, 1));
        x = new Parameter("x", Parameter.Kind.WEIGHT, new Tensor(Shape.of(TOKENS, DIM), on.allocate((long) TOKENS * DIM)));
        on.normal(CounterRandom.of(1, "x"), 1, x.data());
        optimizer = new Adam.Spec().build(on, layer.parameters());
        arena = new Arena(on);
    }

    @TearDown
    public void close() {
        on.close();
    }

    @Benchmark
    public double step(Work work) {
        double loss;
        try (Tape t = new Tape(on, arena)) {
            Pass pass = Pass.training(1, TOKENS, 1, 0).withTokens(IntStream.range(0, TOKENS).toArray());
            var y = t.mean(t.square(layer.forward(t, x, pass).y()));
            t.backward(y);
            loss = y.value().item();
            work.flops += t.cost().trainingFlops();
        }
        optimizer.step(1e-5);
        layer.parameters().forEach(p -> p.clearGrad(on));
        x.clearGrad(on);
        return loss;
    }
}
