import pickle
print(pickle.loads(b''))
