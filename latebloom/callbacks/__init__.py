"""Monitors in the trainers of others: PyTorch Lightning, Hugging Face's Trainer, Keras."""

from .trainers import keras as keras
from .trainers import lightning as lightning
from .trainers import transformers as transformers
