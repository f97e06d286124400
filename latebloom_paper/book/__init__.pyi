from .catalogue import STUDIES as STUDIES
from .catalogue import Study as Study
from .claim import CORRECTED as CORRECTED
from .reproduction import Comparison as Comparison
from .reproduction import Reproduction as Reproduction
from .workspace import Workspace as Workspace
