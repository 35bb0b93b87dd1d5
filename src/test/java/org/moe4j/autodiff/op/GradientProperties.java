package org.moe4j.autodiff.op;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
import org.moe4j.autodiff.GradientCheck;
import org.moe4j.autodiff.Op;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;

/** Every operation's gradient agrees with central differences, at random shapes and with random cotangents. */
class GradientProperties {
    private final Backend on = new ReferenceBackend();

    @Property(tries = 1000, seed = "2", shrinking = ShrinkingMode.OFF)
    void gradientIsTheDerivative(@ForAll("operations") Class<? extends Op> op, @ForAll long seed) {
        Draw.Problem problem = OpCases.all().get(op).apply(new Draw(on, seed));
        GradientCheck.Result worst = GradientCheck.of(on, problem.points(), problem.outputs(), seed);
        assertThat(worst.error()).as("%s %s %s", op.getSimpleName(), problem.points(), worst).isLessThan(1e-6);
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
