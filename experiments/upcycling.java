// Is a dense model better trained on, or made a mixture of experts? Dense, upcycled and from scratch, in a few minutes
import org.moe4j.cli.UpcyclingStudy;

void main(String[] args) {
    System.exit(UpcyclingStudy.run(args));
}
