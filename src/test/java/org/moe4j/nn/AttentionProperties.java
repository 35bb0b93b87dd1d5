package org.moe4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.AttentionShape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.io.SpecReader;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.tensor.Shape;

class AttentionProperties {
    private static final int DIM = 12;

    private final Backend on = new ReferenceBackend();

    @Property(tries = 200, seed = "1")
    void theFormulasCountWhatIsThere(@ForAll("specs") CausalSelfAttention.Spec spec, @ForAll @IntRange(min = 1, max = 3) int batch, @ForAll @IntRange(min = 1, max = 6) int time) {
        CausalSelfAttention attention = new CausalSelfAttention(DIM, spec, new Init(on, 1));
        assertThat(attention.parameters().stream().mapToLong(p -> p.shape().size()).sum()).isEqualTo(spec.parameters(DIM) + spec.positionParameters());
        try (Tape t = new Tape(on, new Arena(on))) {
            attention.forward(t, random(t, 1, batch * time, DIM), Pass.evaluation(batch, time));
            assertThat(t.cost().flops()).isEqualTo(spec.flops(DIM, batch, time));
        }
    }

    @Property(tries = 100, seed = "1")
    void whatIsWrittenReadsBack(@ForAll("specs") CausalSelfAttention.Spec spec) {
        assertThat(new SpecReader().parse(new SpecReader().toYaml(spec), CausalSelfAttention.Spec.class)).isEqualTo(spec);
    }

    @Property(tries = 100, seed = "1")
    void aLaterPositionChangesNothingBefore(@ForAll("specs") CausalSelfAttention.Spec spec, @ForAll @IntRange(min = 1, max = 5) int changed) {
        CausalSelfAttention attention = new CausalSelfAttention(DIM, spec, new Init(on, 1));
        try (Tape t = new Tape(on, new Arena(on), false)) {
            Variable x = random(t, 1, 6, DIM);
            double[] before = attention.forward(t, x, Pass.evaluation(1, 6)).value().toDoubles();
            on.fill(x.data().slice((long) changed * DIM, DIM), 0.3);
            double[] after = attention.forward(t, x, Pass.evaluation(1, 6)).value().toDoubles();
            assertThat(Arrays.mismatch(before, after) / DIM).isEqualTo(changed);
        }
    }

    /** The fused operation against products, softmax and a bias written out as a matrix. */
    @Property(tries = 100, seed = "1")
    void theFusedOneIsTheDefinition(@ForAll @IntRange(min = 1, max = 5) int queries, @ForAll @IntRange(min = 1, max = 5) int others, @ForAll boolean causal,
            @ForAll @IntRange(min = 0, max = 2) int cap, @ForAll long seed) {
        int keys = causal ? queries : others;
        int heads = 2;
        int width = 3;
        AttentionShape shape = new AttentionShape(1, queries, keys, heads, heads, width, 0.7, causal, cap);
        try (Tape t = new Tape(on, new Arena(on), false)) {
            Variable q = random(t, seed, 1, queries, heads * width);
            Variable k = random(t, seed + 1, 1, keys, heads * width);
            Variable v = random(t, seed + 2, 1, keys, heads * width);
            Variable bias = random(t, seed + 3, heads, shape.distances());
            int[] columns = new int[heads * queries * keys];
            for (int i = 0; i < columns.length; i++) {
                int s = i % keys;
                int query = i / keys % queries;
                columns[i] = s < shape.visible(query) ? s - query + queries - 1 : -1;
            }
            Variable scores = t.scale(t.matMul(heads(t, q, heads), heads(t, k, heads), false, true), 0.7);              // (H, Tq, Tk)
            Variable capped = cap == 0 ? scores : t.scale(t.tanh(t.scale(scores, 1.0 / cap)), cap);
            Variable biased = t.add(capped, t.reshape(t.gatherColumns(bias, columns, queries * keys), heads, queries, keys));
            Variable seen = causal ? t.add(biased, t.log(t.lowerTriangle(queries, keys, 0))) : biased;
            Variable y = t.reshape(t.permute(t.matMul(t.softmax(seen), heads(t, v, heads)), 1, 0, 2), 1, queries, heads * width);
            assertThat(t.attention(q, k, v, bias, shape).value().toDoubles()).containsExactly(y.value().toDoubles(), within(1e-12));
        }
    }

    /** (1, T, H·Dh) as (H, T, Dh). */
    private static Variable heads(Tape t, Variable x, int heads) {
        int time = x.shape().dim(1);
        return t.permute(t.reshape(x, time, heads, x.shape().columns() / heads), 1, 0, 2);
    }

    private Variable random(Tape t, long seed, int... dims) {
        Variable x = t.filled(Shape.of(dims), 0);
        on.normal(CounterRandom.of(seed, "x"), 1, x.data());
        return x;
    }

    @Provide
    Arbitrary<CausalSelfAttention.Spec> specs() {
        Arbitrary<int[]> heads = Arbitraries.of(List.of(new int[] {1, 1}, new int[] {2, 1}, new int[] {3, 3}, new int[] {6, 2}));
        Arbitrary<Integer> width = Arbitraries.of(2, 4, 6).injectNull(0.4);
        Arbitrary<Double> base = Arbitraries.of(100.0, 1e4).injectNull(0.4);
        Arbitrary<RelativeBias.Spec> relative = Arbitraries.of(new RelativeBias.Spec(4, 3), RelativeBias.Spec.t5()).injectNull(0.5);
        Arbitrary<Double> clip = Arbitraries.of(0.5, 8.0).injectNull(0.5);
        Arbitrary<Double> cap = Arbitraries.of(1.0, 30.0).injectNull(0.5);
        return Combinators.combine(heads, width, base, relative, Arbitraries.of(CausalSelfAttention.Biases.class),
            Arbitraries.of(CausalSelfAttention.QueryKeyNorm.class), clip, cap).as((h, w, b, r, biases, norm, c, s) ->
                new CausalSelfAttention.Spec(h[0], h[1], w, b, r, biases, norm, c, s));
    }
}
