package org.moe4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.io.InputException;

class LabelledImagesTest {
    @TempDir
    private Path folder;

    /** Two images of 4 x 4, the first 0 .. 15, the second all 100. */
    private static byte[] images(int magic) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        for (int head : new int[] {magic, 2, 4, 4}) {
            out.writeInt(head);
        }
        for (int i = 0; i < 32; i++) {
            out.writeByte(i < 16 ? i : 200);
        }
        return bytes.toByteArray();
    }

    private void write(String name, byte... bytes) throws IOException {
        try (OutputStream file = Files.newOutputStream(folder.resolve(name)); OutputStream out = name.endsWith(".gz") ? new GZIPOutputStream(file) : file) {
            out.write(bytes);
        }
    }

    @Test
    void readsPlainAndCompressedFilesAndCutsPatches() throws IOException {
        write("x.train-images-idx3-ubyte.gz", images(0x803));
        write("train-labels-idx1-ubyte", new byte[] {0, 0, 8, 1, 0, 0, 0, 2, 7, 3});
        LabelledImages images = LabelledImages.open(folder, "train");
        assertThat(images.labels()).containsExactly(7, 3);
        assertThat(Byte.toUnsignedInt(images.pixels()[1][5])).isEqualTo(200);
        float[][] patches = images.patches(2, images);
        assertThat(patches.length).isEqualTo(8);
        double mean = (120 + 16 * 200) / 32.0;
        double deviation = Math.sqrt((1240 + 16 * 200 * 200) / 32.0 - mean * mean);
        int[] second = {2, 3, 6, 7};
        for (int i = 0; i < 4; i++) {
            assertThat((double) patches[1][i]).isCloseTo((second[i] - mean) / deviation, within(1e-6));
            assertThat((double) patches[4][i]).isCloseTo((200 - mean) / deviation, within(1e-6));
        }
        assertThatThrownBy(() -> images.patches(3, images)).isInstanceOf(InputException.class).hasMessage("images of 4 x 4 cannot be cut into squares of 3");
    }

    @Test
    void whatIsNotThereOrNotSoundIsRefused() throws IOException {
        assertThatThrownBy(() -> LabelledImages.open(folder.resolve("no"), "train")).isInstanceOf(InputException.class)
            .hasMessageContaining("there is no such file or folder");
        assertThatThrownBy(() -> LabelledImages.open(folder, "train")).isInstanceOf(InputException.class).hasMessageEndingWith("IDX format");
        write("train-images-idx3-ubyte", images(0x804));
        write("train-labels-idx1-ubyte", new byte[] {0, 0, 8, 1, 0, 0, 0, 3, 7, 3});
        assertThatThrownBy(() -> LabelledImages.open(folder, "train")).isInstanceOf(InputException.class).hasMessageContaining("begins with 804");
        write("train-images-idx3-ubyte", images(0x803));
        assertThatThrownBy(() -> LabelledImages.open(folder, "train")).isInstanceOf(InputException.class).hasMessageContaining("another number of labels than the 2");
        write("train-labels-idx1-ubyte", new byte[] {0, 0, 8, 1, 0, 0, 0, 2, 7});
        assertThatThrownBy(() -> LabelledImages.open(folder, "train")).isInstanceOf(InputException.class).hasMessageContaining("end too soon");
    }
}
