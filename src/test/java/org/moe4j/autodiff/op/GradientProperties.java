package org.moe4j.autodiff.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.GradientCheck;
import org.moe4j.autodiff.Op;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.backend.simd.SimdBackend;

/** Every operation's gradient agrees with central differences, at random shapes and with random cotangents. */
class GradientProperties {
    private static final Backend REFERENCE = new ReferenceBackend();
    private static final Backend SIMD = new SimdBackend(2);

    @AfterContainer
    static void close() {
        SIMD.close();
    }

    @Property(tries = 1000, seed = "2", shrinking = ShrinkingMode.OFF)
    void gradientIsTheDerivative(@ForAll("operations") Class<? extends Op> op, @ForAll long seed) {
        Draw.Problem problem = OpCases.all().get(op).apply(new Draw(REFERENCE, seed));
        GradientCheck.Result worst = GradientCheck.of(REFERENCE, problem.points(), problem::outputs, seed);
        assertThat(worst.error()).as("%s %s %s", op.getSimpleName(), problem.points(), worst).isLessThan(1e-6);
    }

    /** Values and gradients on float32 are those on float64, rounded. */
    @Property(tries = 1000, seed = "3", shrinking = ShrinkingMode.OFF)
    void simdAgrees(@ForAll("operations") Class<? extends Op> op, @ForAll long seed) {
        List<double[]> wanted = valuesAndGradients(REFERENCE, op, seed);
        List<double[]> given = valuesAndGradients(SIMD, op, seed);
        for (int i = 0; i < wanted.size(); i++) {
            double scale = 1 + Arrays.stream(wanted.get(i)).map(Math::abs).max().orElse(0);
            assertThat(given.get(i)).as("%s, array %s", op.getSimpleName(), i).containsExactly(wanted.get(i), within(1e-4 * scale));
        }
    }

    /** Each output, then the gradient of each point, for random cotangents. */
    private static List<double[]> valuesAndGradients(Backend on, Class<? extends Op> op, long seed) {
        Draw.Problem problem = OpCases.all().get(op).apply(new Draw(on, seed));
        List<double[]> all = new ArrayList<>();
        try (Tape t = new Tape(on, new Arena(on))) {
            List<Variable> outputs = problem.outputs(t);
            List<double[]> cotangents = new ArrayList<>();
            for (Variable y : outputs) {
                all.add(y.value().toDoubles());
                cotangents.add(new Random(seed).doubles(y.shape().size(), -1, 1).toArray());
            }
            t.backward(outputs, cotangents);
            problem.points().forEach(p -> all.add(p.gradientToDoubles()));
        }
        return all;
    }

    @Provide
    Arbitrary<Class<? extends Op>> operations() {
        return Arbitraries.of(List.copyOf(OpCases.all().keySet()));
    }

    /** A new operation can't be forgotten. */
    @Example
    void everyOperationIsChecked() throws IOException, URISyntaxException {
        Path classes = Path.of(MatMul.class.getResource("MatMul.class").toURI()).getParent();
        try (Stream<Path> files = Files.list(classes)) {
            Set<String> operations = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".class") && !name.equals("package-info.class"))
                    .map(name -> "org.moe4j.autodiff.op." + name.substring(0, name.length() - ".class".length()))
                    .filter(GradientProperties::isOperation)
                    .collect(Collectors.toSet());
            assertThat(OpCases.all().keySet()).extracting(Class::getName).containsExactlyInAnyOrderElementsOf(operations);
        }
    }

    private static boolean isOperation(String name) {
        try {
            return Op.class.isAssignableFrom(Class.forName(name));
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }
}
