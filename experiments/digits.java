// Can a model of text learn to read images without forgetting? New experts for patches of digits, the old ones frozen; --images DIR
import org.moe4j.cli.DigitsStudy;

void main(String[] args) {
    System.exit(DigitsStudy.run(args));
}
