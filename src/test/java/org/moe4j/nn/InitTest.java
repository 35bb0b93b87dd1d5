package org.moe4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.io.InputException;
import org.moe4j.tensor.Shape;

class InitTest {
    private final Backend on = new ReferenceBackend();
    private final Init root = new Init(on, 3);

    @Test
    void whatIsSharedIsOneParameterWhereverItIsAskedFor() {
        Parameter first = root.at("blocks").at(0).shared("memory").table("values", Shape.of(4, 2), 1);
        first.data().set(0, 17);
        Parameter second = root.at("blocks").at(5).at("feedForward").shared("memory").table("values", Shape.of(4, 2), 1);
        assertThat(second).isSameAs(first).hasToString("shared.memory.values(4, 2)");
        assertThat(second.data().get(0)).as("not drawn anew").isEqualTo(17);
        assertThat(root.shared("memory").at("keys").zeros("first", Shape.of(2)))
            .isSameAs(root.at("x").shared("memory").at("keys").zeros("first", Shape.of(2)));
    }

    @Test
    void otherNamesOtherModelsAndWhatIsNotSharedAreOthers() {
        Parameter shared = root.shared("memory").zeros("values", Shape.of(2));
        assertThat(root.shared("other").zeros("values", Shape.of(2))).isNotSameAs(shared);
        assertThat(new Init(on, 3).shared("memory").zeros("values", Shape.of(2))).isNotSameAs(shared);
        assertThat(root.at("shared").at("memory").zeros("values", Shape.of(2))).isNotSameAs(shared);
        assertThat(root.at("a").zeros("x", Shape.of(2))).isNotSameAs(root.at("a").zeros("x", Shape.of(2)));
    }

    @Test
    void layersThatWantOtherShapesAreRefused() {
        root.shared("memory").zeros("values", Shape.of(4, 2));
        assertThatThrownBy(() -> root.shared("memory").zeros("values", Shape.of(9, 2))).isInstanceOf(InputException.class)
            .hasMessage("shared.memory.values is (4, 2) for one layer and (9, 2) for another; layers that share it want the same");
    }

    @Test
    void aModuleListsASharedParameterOnce() {
        final class Part extends Module {
            Part(Init init) {
                own(init.shared("memory").zeros("values", Shape.of(2)));
                own(init.zeros("bias", Shape.of(1)));
            }
        }
        final class Whole extends Module {
            Whole() {
                part(new Part(root.at(0)));
                part(new Part(root.at(1)));
            }
        }
        assertThat(new Whole().parameters()).extracting(Parameter::name).containsExactly("shared.memory.values", "0.bias", "1.bias");
    }
}
